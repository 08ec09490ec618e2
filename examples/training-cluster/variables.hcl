variable "workers" {
  type        = number
  default     = 3
  description = "Machines beside the head."

  validation {
    condition     = var.workers >= 1 && var.workers <= 32
    error_message = "The cluster takes 1 to 32 workers."
  }
}

variable "max_price" {
  type        = number
  default     = 0.80
  description = "USD per GPU-hour, for every machine."
}

variable "wandb_key" {
  type        = string
  default     = "offline"
  sensitive   = true
  description = "Key for the experiment tracker; PODFORM_VAR_wandb_key keeps it out of files."
}
