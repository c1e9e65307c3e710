using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

public sealed class StopMatcherTests
{
    [Fact]
    public void Append_BeginningOfAStop_IsHeldBackUntilDecided()
    {
        var matcher = new StopMatcher(["END"]);

        Assert.Equal("a ", matcher.Append("a E"));
        Assert.Equal("", matcher.Append("N"));
        Assert.Equal("ENd", matcher.Append("d"));
        Assert.False(matcher.IsStopped);
    }

    [Fact]
    public void Append_StopAcrossParts_EndsTheTextBeforeIt()
    {
        var matcher = new StopMatcher(["\n\nUser:"]);

        Assert.Equal("fine.", matcher.Append("fine.\n"));
        Assert.Equal("", matcher.Append("\nUs"));
        Assert.Equal("", matcher.Append("er: and more"));
        Assert.True(matcher.IsStopped);
        Assert.Equal("", matcher.Append("ignored"));
        Assert.Equal("", matcher.Flush());
    }

    [Fact]
    public void Append_RepeatedBeginning_IsNotMissed()
    {
        var matcher = new StopMatcher(["aab"]);

        Assert.Equal("", matcher.Append("aa"));
        Assert.Equal("a", matcher.Append("a"));
        Assert.Equal("", matcher.Append("b"));
        Assert.True(matcher.IsStopped);
    }

    [Fact]
    public void Append_StopInsideALongerOneUnderWay_CountsWhenComplete()
    {
        var matcher = new StopMatcher(["abcd", "c"]);

        Assert.Equal("", matcher.Append("ab"));
        Assert.Equal("ab", matcher.Append("c"));
        Assert.True(matcher.IsStopped);
    }

    [Fact]
    public void Flush_TextHeldBack_IsGivenOut()
    {
        var matcher = new StopMatcher(["stop"]);

        Assert.Equal("x", matcher.Append("xsto"));
        Assert.Equal("sto", matcher.Flush());
    }

    [Fact]
    public void Append_AnyPartition_GivesTheSameText() => Tokenization.Seeded.Run(300, random =>
    {
        string text = Random(random, 30);
        string[] stops = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Random(random, 4) + "a")];
        string expected = Reference(text, stops);
        var matcher = new StopMatcher(stops);
        string found = "";
        for (int at = 0; at < text.Length;)
        {
            int length = random.Next(1, Math.Min(5, text.Length - at) + 1);
            found += matcher.Append(text.Substring(at, length));
            at += length;
        }

        Assert.Equal(expected, found + matcher.Flush());
    });

    private static string Random(Random random, int longest) =>
        new([.. Enumerable.Range(0, random.Next(longest)).Select(_ => "abc"[random.Next(3)])]);

    /// <summary>Character by character: the text up to the longest stop string that ends first.</summary>
    private static string Reference(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
        {
            var complete = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).ToList();
            if (complete.Count > 0)
            {
                return text[..(end - complete.Max(stop => stop.Length))];
            }
        }

        return text;
    }
}
