"""A plan for people and other programs: tables, charts, pictures, captions, edit lists."""
