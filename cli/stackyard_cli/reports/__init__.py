"""What people read: previews, the pull-request comment, the drift issue, rehearsals, pages."""
