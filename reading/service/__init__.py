"""Reading over HTTP: bodies with limits, a guarded process that decodes, batches of what waits, figures, a
page.
"""
