"""What the project carries of others: fetched, verified and written into the tree by `./manage.py vendor`.

package.json and requirements/basemap.txt say which versions, with the digests that they must have. What is
written is committed: nothing here is needed to run, test or change the page.
"""
