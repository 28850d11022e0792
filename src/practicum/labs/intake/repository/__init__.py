"""Reading a git repository, which may be the student's own to the last byte.

Nothing of a repository runs here, and no setting in it counts. Git never opens a folder of a student's: the objects of a
clone are copied into a bare repository of our own, which has no hooks, no attributes, no alternates and only our settings,
and what git then says of an object is hashed again. A repository elsewhere is fetched as git fetches anything, but without
the settings, helpers and prompts of whoever runs it. There is no checkout, so no filter, submodule or large-file store.
"""
