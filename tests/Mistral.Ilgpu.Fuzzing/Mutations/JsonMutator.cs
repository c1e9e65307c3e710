namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Values replaced, doubled, exchanged; members given twice or left out; texts and signs changed.</summary>
internal sealed class JsonMutator(byte[] whole) : IMutator
{
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\\ud800", "\\udfff", "\\u0000", "\\n", "\\", "\"", "\\x", "\u2581", "\u2028", "\U0001F600", " ", "(",
            "[", "{", "+", "*", "(a|a)*", "\\\\p{L}", "|", ".", ":", "<0x41>", "-1", "..", "/",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
        [0xFF],
        [0xE2, 0x96],
    ];

    private readonly JsonSpans _spans = JsonSpans.Of(whole);
    private readonly BinaryMutator _bytes = new(whole);

    public byte[] Whole { get; } = whole;

    public byte[] Mutate(FuzzRandom random)
    {
        if (random.OneIn(12))
        {
            return _bytes.Mutate(random);
        }

        // From the end to the start, so that the places of later edits stay; those inside an earlier one are left out.
        var edits = Enumerable.Range(0, random.Few()).Select(_ => Edit(random)).ToList();
        byte[] json = Whole;
        int end = Whole.Length;
        foreach (var (at, with) in edits.OrderByDescending(edit => edit.At.Start.Value))
        {
            if (at.End.Value <= end)
            {
                json = [.. json.AsSpan(0, at.Start.Value), .. with, .. json.AsSpan(at.End.Value)];
                end = at.Start.Value;
            }
        }

        return json;
    }

    private (Range At, byte[] With) Edit(FuzzRandom random)
    {
        var value = random.Pick(_spans.Values);
        var member = _spans.Members.Count > 0 ? random.Pick(_spans.Members) : value;
        switch (random.Next(12))
        {
            case < 5:
                return (value, JsonValues.Pick(random));
            case 5:
                return (value, Whole[random.Pick(_spans.Values)]);
            case 6:
                var second = random.OneIn(2) || _spans.Members.Count == 0 ? member : random.Pick(_spans.Members);
                return (member, [.. Whole[member], (byte)',', .. Whole[second]]);
            case 7:
                // With the comma behind it, or with the one before where it is the last.
                int end = member.End.Value;
                int start = member.Start.Value;
                return end < Whole.Length && Whole[end] == ',' ? (start..(end + 1), [])
                    : start > 0 && Whole[start - 1] == ',' ? ((start - 1)..end, [])
                    : (member, []);
            case 8:
                return (value, [.. Whole[value], (byte)',', .. random.OneIn(2) ? Whole[value] : JsonValues.Pick(random)]);
            case 9 when _spans.Texts.Count > 0:
                return (random.Pick(_spans.Texts), Whole[random.Pick(_spans.Texts)]);
            case 10 when _spans.Texts.Count > 0:
                var text = random.Pick(_spans.Texts);
                int within = text.Start.Value + random.Next(text.End.Value - text.Start.Value + 1);
                return (within..within, random.Pick(Pieces));
            default:
                int at = random.Next(Whole.Length);
                return (at..(at + random.Next(2)), random.OneIn(2) ? [] : [(byte)"{}[],:\"0-.e \n"[random.Next(13)]]);
        }
    }
}
