"""The pages: server-rendered, in Vietnamese and English, whole without scripts."""
