# A workstation in office hours, and a machine for one experiment. A job that runs every quarter of an hour keeps both:
#
#   */15 * * * *  cd /srv/office-hours && podform apply -auto-approve

podform {
  fleet = "office-hours"
}

variable "time_zone" {
  description = "Whose clock tells the office hours."
  type        = string
  default     = "Europe/Warsaw"
}

resource "simplepod_template_group" "desk" {
  name          = "office-hours-desk"
  image_name    = "pytorch/pytorch"
  default_tag   = "2.8.0-cuda12.8-cudnn9-runtime"
  category_name = "office"
  expose_ports  = [22]
  ssh_server    = true
}

# Released at 20:00 and on Friday for the weekend; rented again at 08:00. What is on it is lost each time.
resource "simplepod_instance" "desk" {
  name              = "desk"
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.60
  template_group    = simplepod_template_group.desk.id

  schedule {
    on        = ["Mon-Fri 08:00-20:00"]
    time_zone = var.time_zone
  }
}

# Released three days after its rent, and not rented again: another duration, or -replace, begins anew.
resource "simplepod_instance" "experiment" {
  name              = "experiment"
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.60
  template_group    = simplepod_template_group.desk.id
  expires           = "72h"
}

# Null while the machine is off: a text is made of it only where there is one.
output "desk" {
  description = "How to reach the desk, while it is there."
  value       = simplepod_instance.desk.ssh_host == null ? null : "ssh -p ${simplepod_instance.desk.ssh_port} root@${simplepod_instance.desk.ssh_host}"
}
