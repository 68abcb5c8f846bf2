"""What every process of ours needs: its start, its work in the background, its port, its end."""
