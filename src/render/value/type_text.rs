//! A type as `type()` of the console prints it: Terraform's form (`repl.typeString`).

use crate::lang::Type;

/// The type, over several lines where it has attributes or elements of their own types.
pub fn type_text(ty: &Type) -> String {
    let mut out = String::new();
    write(ty, 0, &mut out);
    out
}

fn write(ty: &Type, indent: usize, out: &mut String) {
    match ty {
        Type::Dynamic => out.push_str("dynamic"),
        Type::String => out.push_str("string"),
        Type::Number => out.push_str("number"),
        Type::Bool => out.push_str("bool"),
        Type::List(element) => collection("list", element, indent, out),
        Type::Set(element) => collection("set", element, indent, out),
        Type::Map(element) => collection("map", element, indent, out),
        Type::Tuple(elements) => {
            out.push_str("tuple([");
            lines(elements.iter().map(|element| (String::new(), element)), indent, out);
            out.push_str("])");
        }
        Type::Object(attributes) => {
            out.push_str("object({");
            lines(attributes.iter().map(|(name, ty)| (format!("{name}: "), ty)), indent, out);
            out.push_str("})");
        }
    }
}

fn collection(name: &str, element: &Type, indent: usize, out: &mut String) {
    out.push_str(name);
    out.push('(');
    match element {
        Type::Tuple(_) | Type::Object(_) => lines(std::iter::once((String::new(), element)), indent, out),
        element => write(element, indent, out),
    }
    out.push(')');
}

fn lines<'t>(members: impl Iterator<Item = (String, &'t Type)>, indent: usize, out: &mut String) {
    let mut any = false;
    for (name, ty) in members {
        any = true;
        line(indent + 4, out);
        out.push_str(&name);
        write(ty, indent + 4, out);
        out.push(',');
    }
    if any {
        line(indent, out);
    }
}

fn line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of `terraform console` 1.11.
    #[test]
    fn types_look_as_in_terraform() {
        let inner = Type::Tuple(vec![Type::Number, Type::String].into());
        let object =
            Type::object([("a", Type::Number), ("b", inner.clone()), ("c", Type::object(Vec::<(&str, Type)>::new()))]);
        assert_eq!(
            type_text(&object),
            "object({\n    a: number,\n    b: tuple([\n        number,\n        string,\n    ]),\n    c: object({}),\n})"
        );
        assert_eq!(type_text(&Type::list(Type::list(Type::String))), "list(list(string))");
        assert_eq!(type_text(&Type::list(inner)), "list(\n    tuple([\n        number,\n        string,\n    ]),\n)");
        assert_eq!(type_text(&Type::Tuple(Vec::new().into())), "tuple([])");
    }
}
