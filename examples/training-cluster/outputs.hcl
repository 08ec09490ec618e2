output "head" {
  description = "Where the head node listens."
  value       = "${simplepod_instance.head.host_ip}:${local.port}"
}

output "gpus" {
  description = "What was rented."
  value = {
    for machine in concat([simplepod_instance.head], simplepod_instance.worker) :
    machine.name => machine.rented_gpu_model
  }
}

output "hourly_cost" {
  description = "USD per hour, disks included."
  value       = sum(concat([simplepod_instance.head.hourly_cost], simplepod_instance.worker[*].hourly_cost))
}
