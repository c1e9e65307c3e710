namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>The formats of JSON Schema (2020-12, Validation, §7.3) that are regular languages, as patterns of whole
/// texts.</summary>
internal static class StringFormats
{
    private const string Date = "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
        + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
        + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";

    private const string Time = @"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|23:59:60)(?:\.[0-9]+)?"
        + "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";

    private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string Host = Label + @"(?:\." + Label + ")*";
    private const string Octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string IPv4 = Octet + @"(?:\." + Octet + "){3}";
    private const string Hex = "[0-9A-Fa-f]{1,4}";

    private const string IPv6 = "(?:(?:" + Hex + ":){7}" + Hex
        + "|(?:" + Hex + ":){1,7}:|(?:" + Hex + ":){1,6}:" + Hex
        + "|(?:" + Hex + ":){1,5}(?::" + Hex + "){1,2}|(?:" + Hex + ":){1,4}(?::" + Hex + "){1,3}"
        + "|(?:" + Hex + ":){1,3}(?::" + Hex + "){1,4}|(?:" + Hex + ":){1,2}(?::" + Hex + "){1,5}"
        + "|" + Hex + ":(?::" + Hex + "){1,6}|:(?:(?::" + Hex + "){1,7}|:)"
        + "|(?:" + Hex + ":){6}" + IPv4 + "|::(?:" + Hex + ":){0,5}" + IPv4
        + "|(?:" + Hex + ":){1,5}:" + IPv4 + "|(?:" + Hex + ":){1,4}(?::" + Hex + "){1,1}:" + IPv4
        + "|(?:" + Hex + ":){1,3}(?::" + Hex + "){1,2}:" + IPv4 + "|(?:" + Hex + ":){1,2}(?::" + Hex + "){1,3}:" + IPv4
        + "|" + Hex + ":(?::" + Hex + "){1,4}:" + IPv4 + ")";

    // RFC 3986: characters of a URI, with escapes.
    private const string Escaped = "%[0-9A-Fa-f]{2}";
    private const string PathCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|" + Escaped + ")";
    private const string Query = "(?:" + PathCharacter + "|[/?])*";

    private const string Authority = "(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|" + Escaped + ")*@)?"
        + @"(?:\[(?:" + IPv6 + @"|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]"
        + "|(?:[A-Za-z0-9._~!$&'()*+,;=-]|" + Escaped + ")*)"
        + "(?::[0-9]*)?";

    private const string Absolute = "[A-Za-z][A-Za-z0-9+.-]*:(?://" + Authority + "(?:/" + PathCharacter + "*)*"
        + "|/(?:" + PathCharacter + "+(?:/" + PathCharacter + "*)*)?|" + PathCharacter + "+(?:/" + PathCharacter + "*)*|)";

    private const string Uri = Absolute + @"(?:\?" + Query + ")?(?:#" + Query + ")?";

    private const string Relative = "(?://" + Authority + "(?:/" + PathCharacter + "*)*"
        + "|/(?:" + PathCharacter + "+(?:/" + PathCharacter + "*)*)?"
        + "|(?:[A-Za-z0-9._~!$&'()*+,;=@-]|" + Escaped + ")+(?:/" + PathCharacter + "*)*|)"
        + @"(?:\?" + Query + ")?(?:#" + Query + ")?";

    private const string Duration = "P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
        + "(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?"
        + "|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))";

    private const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

    private const string Email = "(?:" + Atom + @"(?:\." + Atom + @")*|""(?:[\x20\x21\x23-\x5B\x5D-\x7E]|\\[\x20-\x7E])*"")@"
        + "(?:" + Host + @"|\[(?:" + IPv4 + "|IPv6:" + IPv6 + @")\])";

    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = Date + "[Tt]" + Time,
        ["duration"] = Duration,
        ["email"] = Email,
        ["hostname"] = Host,
        ["ipv4"] = IPv4,
        ["ipv6"] = IPv6,
        ["uuid"] = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        ["uri"] = Uri,
        ["uri-reference"] = "(?:" + Uri + "|" + Relative + ")",
        ["json-pointer"] = "(?:/(?:[^/~]|~[01])*)*",
        ["relative-json-pointer"] = "(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^/~]|~[01])*)*)",
    };

    // Known to JSON Schema, and no regular language, or one that nobody checks in the same way.
    private static readonly HashSet<string> Refused = new(StringComparer.Ordinal)
    {
        "idn-email", "idn-hostname", "iri", "iri-reference", "uri-template", "regex",
    };

    /// <summary>The pattern of a format; null where the format is not one of JSON Schema's, and so says nothing.</summary>
    /// <exception cref="ConstraintSyntaxException">The format is known and not supported.</exception>
    public static string? PatternOf(string format) => Refused.Contains(format)
        ? throw new ConstraintSyntaxException(
            $"format: found '{format}', expected one of {string.Join(", ", Patterns.Keys)}")
        : Patterns.GetValueOrDefault(format);
}
