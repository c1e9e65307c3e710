using Mistral.Ilgpu.Constraints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Texts under grammars in llama.cpp's form.</summary>
public sealed class GrammarTests
{
    private const string Arithmetic = """
        # Sums of products.
        root ::= sum "\n"?
        sum ::= product (("+" | "-") product)*
        product ::= value ("*" value)*
        value ::= [0-9]+ | "(" sum ")"
        """;

    private const string Json = """
        root ::= object
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}" ws
        array ::= "[" ws (value ("," ws value)*)? "]" ws
        string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}))* "\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
        ws ::= | " " | "\n" [ \t]{0,20}
        """;

    [Theory]
    [InlineData(Arithmetic, "1+2*(3-4)", true)]
    [InlineData(Arithmetic, "((1))\n", true)]
    [InlineData(Arithmetic, "1+", false)]
    [InlineData(Arithmetic, "(1", false)]
    [InlineData(Json, """{"a": [1, {"b": null}], "é": "\u00e9"}""", true)]
    [InlineData(Json, """{"a": [1, ]}""", false)]
    [InlineData("root ::= \"a\"{2,3} [^b] .", "aaxé", true)]
    [InlineData("root ::= \"a\"{2,3} [^b] .", "aabé", false)]
    [InlineData("root ::= list\nlist ::= \"(\" list{1,2} \")\" | \"x\"", "((xx)x)", true)]
    [InlineData("root ::= list\nlist ::= \"(\" list{1,2} \")\" | \"x\"", "(xxx)", false)]
    [InlineData("root ::= \"\\u00e9\" |\n  \"\\x41\"", "A", true)]
    [InlineData("root ::= a? a? \"b\"\na ::= \"(\" a \")\" | \"x\"", "x(x)b", true)]
    public void Text_UnderAGrammar_IsAcceptedOrRefused(string grammar, string text, bool isAccepted) =>
        Assert.Equal(isAccepted, Reading.Accepts(ConstraintKind.Grammar, grammar, text));

    [Theory]
    [InlineData("root ::= root \"a\" | \"b\"", "'root', which begins with itself")]
    [InlineData("root ::= a\na ::= b* a \"x\" | \"y\"\nb ::= \"z\"", "'a', which begins with itself")]
    [InlineData("root ::= other", "found no rule 'other'")]
    [InlineData("a ::= \"x\"", "found no rule 'root'")]
    [InlineData("root ::= \"(\" root \")\"", "that no text completes")]
    [InlineData("root ::= \"a", "line 1: found the end, expected the end of a text or a class")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "found rule 'root' twice")]
    [InlineData("root = \"a\"", "line 1: found '=', expected '::='")]
    [InlineData("root ::= (\"a\" list?)* \nlist ::= (\"b\"? root)*", "found a repetition of what may be empty")]
    public void Grammar_Wrong_IsRefusedByName(string grammar, string message) => Assert.Contains(
        message, Assert.ThrowsAny<ArgumentException>(() => Constraint.Grammar(grammar)).Message, StringComparison.Ordinal);
}
