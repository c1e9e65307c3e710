using System.Text;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Patterns;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Languages of patterns beside .NET's regular expressions.</summary>
public sealed class PatternTests
{
    [Theory]
    [InlineData("a|b*c", "abc")]
    [InlineData("^(ab|a)*$", "ab")]
    [InlineData("^a{2,3}b?$", "ab")]
    [InlineData("[^ab]c$", "abcd")]
    [InlineData("^(?=.*a)(?=.*b)c+", "abc")]
    [InlineData("^(?!ab)[abc]+$", "abc")]
    [InlineData("(^|,)a(,|$)", "a,b")]
    [InlineData("^$|^a", "ab")]
    [InlineData(@"^\w+@\w+\.(com|org)$", "a@.como")]
    [InlineData(@"\d-\D", "12-a")]
    [InlineData(@"^\S+\s\S*$", "a \t")]
    [InlineData("^[a-c-]+$", "abc-")]
    [InlineData("é|[à-ü]b", "éàbü")]
    [InlineData("^(a+)+b?(?:c|)$", "abc")]
    [InlineData("(?!b)a|c$", "abc")]
    public void Search_RandomTexts_FindsWhatDotNetFinds(string pattern, string letters)
    {
        var factory = new LanguageFactory();
        var automaton = new TextAutomaton(factory, new PatternLanguage(factory).Search(pattern));
        var regex = new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
        var random = new Random(7);
        for (int i = 0; i < 3000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(9)).Select(_ => letters[random.Next(letters.Length)]));
            Assert.True(
                regex.IsMatch(text) == automaton.Accepts(Encoding.UTF8.GetBytes(text)), $"'{text}': .NET {regex.IsMatch(text)}");
        }
    }

    [Theory]
    [InlineData("(a", "found no end of a group at character 2, expected ')'")]
    [InlineData("a**", "")]
    [InlineData("*a", "found '*' with nothing before it")]
    [InlineData("[b-a]", "found a range that ends before it begins")]
    [InlineData(@"(a)\1", @"found \1 at character 5")]
    [InlineData(@"\ba", @"found \b")]
    [InlineData("(?<=a)b", "such as a look behind")]
    [InlineData("(?:(?=a)a)*", "found an assertion within a repetition")]
    [InlineData("a{3,2}", "a smaller number first")]
    public void Regex_WrongOrNotRegular_IsRefusedByName(string pattern, string message)
    {
        if (message.Length == 0)
        {
            // A repetition of a repetition is one.
            Assert.NotNull(Constraint.Regex(pattern));
            return;
        }

        var exception = Assert.ThrowsAny<ArgumentException>(() => Constraint.Regex(pattern));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Regex_NoTextMatches_IsRefused() => Assert.Contains(
        "no text matches", Assert.ThrowsAny<ArgumentException>(() => Constraint.Regex("^(?=a)b$")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("date", "2024-02-29", true)]
    [InlineData("date", "2023-02-29", false)]
    [InlineData("date", "1900-02-29", false)]
    [InlineData("date-time", "2024-01-31T23:59:60Z", true)]
    [InlineData("date-time", "2024-01-31T24:00:00Z", false)]
    [InlineData("date-time", "2024-01-31T10:00:00.5+01:30", true)]
    [InlineData("time", "10:00:00", false)]
    [InlineData("duration", "P1Y2M3DT4H5M6S", true)]
    [InlineData("duration", "P", false)]
    [InlineData("duration", "P1YT", false)]
    [InlineData("email", "joe.bloggs@example.com", true)]
    [InlineData("email", "joe..bloggs@example.com", false)]
    [InlineData("email", "2962", false)]
    [InlineData("hostname", "a-b.example", true)]
    [InlineData("hostname", "-a.example", false)]
    [InlineData("ipv4", "192.168.0.1", true)]
    [InlineData("ipv4", "256.1.1.1", false)]
    [InlineData("ipv4", "01.1.1.1", false)]
    [InlineData("ipv6", "::1", true)]
    [InlineData("ipv6", "1:2:3:4:5:6:7:8", true)]
    [InlineData("ipv6", "1::2:3:4:5:6:7", true)]
    [InlineData("ipv6", "1:2:3:4:5:6:7", false)]
    [InlineData("ipv6", "::ffff:192.168.0.1", true)]
    [InlineData("ipv6", "1::2::3", false)]
    [InlineData("uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380", true)]
    [InlineData("uuid", "2eb8aa08aa9811eab4aa73b441d16380", false)]
    [InlineData("uri", "http://foo.bar/?baz=qux#quux", true)]
    [InlineData("uri", "mailto:John.Doe@example.com", true)]
    [InlineData("uri", "/abc", false)]
    [InlineData("uri", "http:// shouldfail.com", false)]
    [InlineData("uri-reference", "/abc?x#y", true)]
    [InlineData("uri-reference", @"\\WINDOWS\fileshare", false)]
    [InlineData("json-pointer", "/foo/bar~0/baz~1/%a", true)]
    [InlineData("json-pointer", "/foo/~2", false)]
    public void Format_Text_IsOneOrNot(string format, string text, bool isOne)
    {
        var factory = new LanguageFactory();
        var automaton = new TextAutomaton(factory, new PatternLanguage(factory).Whole(StringFormats.PatternOf(format)!));
        Assert.Equal(isOne, automaton.Accepts(Encoding.UTF8.GetBytes(text)));
    }
}
