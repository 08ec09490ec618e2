//! The points of the real API that are not settled, each with its possible readings (Cn: API sheet §7).

use serde::{Deserialize, Serialize};

macro_rules! choice {
    ($(#[$docs:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$doc])* $variant),+ }
    };
}

choice! {
    /// Order of lists without `order[...]`.
    ListOrder {
        /// Newest first.
        Newest,
        /// By id.
        Id,
        /// Another order on every call: pages repeat and skip rows.
        Shuffled,
    }
}
choice! {
    /// What stands around the rows of a list.
    Wrapping {
        /// Nothing: a bare array.
        None,
        /// `hydra:member` and `hydra:totalItems`.
        Hydra,
        /// `member` and `totalItems`.
        Member,
    }
}
choice! {
    /// How numbers other than ids are written.
    Numbers {
        /// As they are.
        Plain,
        /// As strings.
        Strings,
        /// Every one as a float, with the noise of binary fractions.
        Floats,
    }
}
choice! {
    /// The body of an answer to a create (C1).
    BodyShape {
        /// An object with the id.
        Id,
        /// `{}`.
        Object,
        /// Zero bytes.
        Empty,
    }
}
choice! {
    /// The body of an answer to a PUT of a machine.
    Echo {
        /// Its details.
        Details,
        /// As a row of the list shows it.
        Row,
        /// `{}`.
        Object,
        /// Zero bytes.
        Empty,
    }
}
choice! {
    /// What a non-integer in an integer filter does.
    PriceFilter {
        /// The filter is ignored.
        Ignore,
        /// 400.
        Reject,
    }
}
choice! {
    /// What `gpuCudaVerOperator` does.
    CudaFilter {
        /// Nothing: every operator means `=` (as observed).
        Equality,
        /// What it says.
        Works,
    }
}
choice! {
    /// What the market does with offers that cannot be rented now.
    RentedOffers {
        /// They stay, `rentalStatus` says `inactive`.
        Flag,
        /// They leave the list, unless it was asked for them.
        Remove,
    }
}
choice! {
    /// What becomes of `-` in machine names (C4).
    NameRule {
        /// It is accepted.
        Accept,
        /// It is rewritten to `_`.
        Rewrite,
        /// 422.
        Reject,
    }
}
choice! {
    /// The environment of a machine (C15).
    EnvRule {
        /// The template's, with the rent's on top.
        Merge,
        /// The rent's alone, if it sends one.
        Replace,
    }
}
choice! {
    /// How registry passwords read back.
    PasswordEcho {
        /// `null`.
        Null,
        /// Stars.
        Stars,
        /// In clear.
        Clear,
    }
}
choice! {
    /// What a rent with less than one hour of balance does.
    Funds {
        /// It is accepted, and the machine dies.
        Accept,
        /// 422.
        Refuse,
    }
}
choice! {
    /// The shape of the billing list (C12).
    BillingShape {
        /// A bare array.
        Array,
        /// `{}`, whatever was used.
        Object,
        /// An object with the rows under `items`.
        Wrapped,
    }
}
choice! {
    /// Edition of the error documents.
    ProblemStyle {
        /// `type` is `/errors/404`, and `status` stands in it.
        Modern,
        /// `type` is the RFC 2616 link, and no `status`.
        Old,
    }
}
choice! {
    /// Where a reboot is asked for (C5).
    RebootPath {
        /// `PATCH /instances/execute-reboot`.
        ExecuteReboot,
        /// `PATCH /instances/reboot`.
        Reboot,
    }
}
choice! {
    /// What `pricePerGpu` of a row of the market is (C19).
    PriceBasis {
        /// The price of one GPU.
        Gpu,
        /// The price of the whole row.
        Offer,
    }
}
choice! {
    /// Which hosts a new world has.
    MarketOf {
        /// As many as `hosts` says, drawn by the seed.
        Chance,
        /// Those of the vendor's published price list.
        Published,
    }
}
choice! {
    /// A rent of fewer GPUs than the row shows (C21).
    Larger {
        /// 422.
        Refuse,
        /// So many are rented.
        Allow,
        /// All of the row are rented.
        Whole,
    }
}
