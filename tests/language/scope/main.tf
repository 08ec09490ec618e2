# The names that the expressions of the corpus may use. `terraform console` takes a variable without a value as unknown.

variable "us" { type = string }
variable "un" { type = number }
variable "ub" { type = bool }
variable "ul" { type = list(string) }
variable "uset" { type = set(string) }
variable "um" { type = map(string) }
variable "uo" { type = object({ a = string, b = number }) }
variable "ut" { type = tuple([string, number]) }
variable "ulo" { type = list(object({ a = string })) }
variable "ud" {}
variable "unk" {}
variable "eph" {
  type      = string
  default   = "eph"
  ephemeral = true
}
variable "s" {
  type      = string
  default   = "sec"
  sensitive = true
}
variable "sn" {
  type      = number
  default   = 7
  sensitive = true
}
variable "sl" {
  type      = list(string)
  default   = ["x", "y"]
  sensitive = true
}
variable "so" {
  type      = object({ a = string, b = number })
  default   = { a = "x", b = 1 }
  sensitive = true
}
variable "n" {
  type    = number
  default = 5
}
variable "o" {
  default = { a = 1, b = { c = "x" } }
}

locals {
  u       = var.ud
  unk     = var.ud
  ub      = var.ub
  ul      = [var.us, "b"]
  nn      = "pre-${var.us}"
  su      = sensitive(var.us)
  sub     = sensitive(true)
  ps      = { pub = "p", sec = sensitive("s") }
  lsec    = ["p", sensitive("s")]
  nul     = null
  nulls   = tostring(null)
  nullist = tolist(null)
  nulset  = toset(null)
  nulmap  = tomap(null)
  l       = tolist(["a", "b"])
  ln      = tolist([3, 1, 2])
  empty   = tolist([])
  objs    = tolist([{ a = 1 }, { a = 2 }])
  set     = toset(["b", "a", "b"])
  setn    = toset([10, 9, 1])
  map     = tomap({ a = 1, b = 2 })
  t       = ["x", 1, true]
  deep    = { l = [{ m = { k = ["v"] } }] }
}
