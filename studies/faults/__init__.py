"""What goes wrong around a fit: kills, damage, full disks, hostile names, crafted files, degenerate tables."""
