# A render farm: one set of machines per project, each made by the module in modules/farm.

podform {
  fleet = "render-farm"
}

variable "projects" {
  description = "Machines and price cap of each project."
  type = map(object({
    machines  = number
    gpu_model = optional(string, "RTX 3090")
    max_price = optional(number, 0.30)
  }))
  default = {
    feature = { machines = 3, gpu_model = "RTX 4090", max_price = 0.55 }
    trailer = { machines = 1 }
  }
}

module "farm" {
  source   = "./modules/farm"
  for_each = var.projects

  project   = each.key
  machines  = each.value.machines
  gpu_model = each.value.gpu_model
  max_price = each.value.max_price
}

output "hosts" {
  description = "Addresses of the machines, by project."
  value       = { for project, farm in module.farm : project => farm.hosts }
}
