#!/bin/sh
chown -R mongodb /data/db
exec setpriv --reuid=mongodb --regid=mongodb --init-groups -- python /start.py
