"""The forms in which a published table leaves: sheets and their metadata. Nothing here sees a true count."""
