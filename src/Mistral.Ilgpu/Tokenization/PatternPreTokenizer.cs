using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Splits a text by a regular expression. Characters beyond U+FFFF count as one character. Text between matches is kept.
/// </summary>
internal sealed class PatternPreTokenizer(Regex pattern, string source) : PreTokenizer
{
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PreTokenize(text.AsSpan());
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text)
    {
        var runs = new List<(int Offset, int Length)>((text.Length / 4) + 1);
        if (text.IsEmpty) return runs;
        try
        {
            if (text.ContainsAnyInRange('\uD800', '\uDFFF')) SplitWithStandIns(text, runs);
            else Match(text, [], runs);
        }
        catch (RegexMatchTimeoutException exception)
        {
            var limit = $"{pattern.MatchTimeout.TotalSeconds} s";
            throw new ModelFileException(source, $"the pattern takes more than {limit} on a text, expected less", exception);
        }

        return runs;
    }

    // .NET's expressions see a character beyond U+FFFF as two surrogates, whose category no pattern names. Each is replaced by
    // one
    // character of the same category before matching.
    private void SplitWithStandIns(ReadOnlySpan<char> text, List<(int Offset, int Length)> runs)
    {
        var standIns = new char[text.Length];
        var offsets = new int[text.Length + 1];
        var count = 0;
        for (var i = 0; i < text.Length; count++)
        {
            offsets[count] = i;
            Rune.DecodeFromUtf16(text[i..], out var rune, out var length);
            standIns[count] = rune.IsBmp ? (char)rune.Value : StandInFor(rune);
            i += length;
        }

        offsets[count] = text.Length;
        Match(standIns.AsSpan(0, count), offsets, runs);
    }

    private void Match(ReadOnlySpan<char> text, ReadOnlySpan<int> offsets, List<(int Offset, int Length)> runs)
    {
        var end = 0;
        foreach (var match in pattern.EnumerateMatches(text))
        {
            if (match.Length == 0) continue;
            if (match.Index > end) Add(end, match.Index, offsets);
            end = match.Index + match.Length;
            Add(match.Index, end, offsets);
        }

        if (end < text.Length) Add(end, text.Length, offsets);

        void Add(int from, int to, ReadOnlySpan<int> offsets)
        {
            if (!offsets.IsEmpty) (from, to) = (offsets[from], offsets[to]);
            runs.Add((from, to - from));
        }
    }

    private static char StandInFor(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter => '\u0100',
        UnicodeCategory.LowercaseLetter => '\u0101',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u01BB',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u3007',
        UnicodeCategory.OtherNumber => '\u00B2',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OpenPunctuation => '\u0F3A',
        UnicodeCategory.ClosePunctuation => '\u0F3B',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u00A1',
        UnicodeCategory.MathSymbol => '\u00AC',
        UnicodeCategory.CurrencySymbol => '\u00A2',
        UnicodeCategory.ModifierSymbol => '\u00A8',
        UnicodeCategory.OtherSymbol => '\u00A6',
        UnicodeCategory.Format => '\u00AD',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\u0378', // not assigned; spaces and controls are all within U+FFFF
    };
}
