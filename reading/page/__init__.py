"""The page that reads pictures: its files, which the service sends, and the folder that reads without a
service.
"""
