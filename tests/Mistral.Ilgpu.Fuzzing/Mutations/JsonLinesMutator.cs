using System.Text;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Lines of JSON, changed each by itself, and doubled, left out, joined or ended otherwise.</summary>
internal sealed class JsonLinesMutator(params string[] lines) : IMutator
{
    private static readonly byte[][] Ends =
        [.. new[] { "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\u2028", "" }.Select(Encoding.UTF8.GetBytes)];

    private readonly JsonMutator[] _lines = [.. lines.Select(line => new JsonMutator(Encoding.UTF8.GetBytes(line)))];

    public byte[] Whole { get; } = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));

    public byte[] Mutate(FuzzRandom random)
    {
        var text = new List<byte>();
        bool changesEnds = random.OneIn(8);
        int changed = random.Next(_lines.Length);
        for (int i = 0; i < _lines.Length; i++)
        {
            for (int times = random.OneIn(16) ? random.Next(3) : 1; times > 0; times--)
            {
                text.AddRange(i == changed || random.OneIn(8) ? _lines[i].Mutate(random) : _lines[i].Whole);
                text.AddRange(changesEnds ? random.Pick(Ends) : Ends[0]);
            }
        }

        return random.OneIn(16) ? [.. text[..random.Next(text.Count + 1)]] : [.. text];
    }
}
