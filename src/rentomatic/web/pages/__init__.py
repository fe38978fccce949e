"""What people look at: pages in HTML, complete without JavaScript."""
