"""Third-party files in the project: fetched, verified and written into the tree by `./manage.py vendor`.

package.json and requirements/basemap.txt pin the versions and their digests. The written files are committed:
nothing here is needed to run, test or change the page.
"""
