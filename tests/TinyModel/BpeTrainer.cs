using Google.Protobuf;
using Mistral.Ilgpu.Tokenization.Proto;
using PieceType = Mistral.Ilgpu.Tokenization.Proto.ModelProto.Types.SentencePiece.Types.Type;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>
/// Learns a SentencePiece BPE vocabulary in the layout of Mistral's first tokenizer: unknown, start, end, 256 bytes, merges
/// in order of learning, single characters. Merges stay within a word, and digits stay alone, which helps arithmetic.
/// </summary>
public static class BpeTrainer
{
    private const char Space = '\u2581';

    public static byte[] Train(IEnumerable<string> texts, int vocabulary)
    {
        string[] characters = [Space.ToString(), .. Enumerable.Range('!', '~' - '!' + 1).Select(c => ((char)c).ToString())];
        var merges = LearnMerges(CountWords(texts), vocabulary - 3 - 256 - characters.Length);
        var model = new ModelProto
        {
            TrainerSpec = new TrainerSpec { ModelType = TrainerSpec.Types.ModelType.Bpe, ByteFallback = true, UnkId = 0, BosId = 1, EosId = 2, PadId = -1 },
            NormalizerSpec = new NormalizerSpec { Name = "identity", AddDummyPrefix = true, RemoveExtraWhitespaces = false, EscapeWhitespaces = true },
        };
        Add("<unk>", 0, PieceType.Unknown);
        Add("<s>", 0, PieceType.Control);
        Add("</s>", 0, PieceType.Control);
        for (int value = 0; value < 256; value++)
        {
            Add($"<0x{value:X2}>", 0, PieceType.Byte);
        }

        float score = 0;
        foreach (string piece in merges.Concat(characters))
        {
            Add(piece, score--, PieceType.Normal);
        }

        return model.ToByteArray();

        void Add(string piece, float pieceScore, PieceType type) =>
            model.Pieces.Add(new ModelProto.Types.SentencePiece { Piece = piece, Score = pieceScore, Type = type });
    }

    private static Dictionary<string, long> CountWords(IEnumerable<string> texts)
    {
        var words = new Dictionary<string, long>();
        foreach (string text in texts)
        {
            foreach (string word in text.Split(' '))
            {
                string escaped = Space + word;
                words[escaped] = words.GetValueOrDefault(escaped) + 1;
            }
        }

        return words;
    }

    private static List<string> LearnMerges(Dictionary<string, long> counts, int count)
    {
        var words = counts.Select(word => (Symbols: word.Key.Select(c => c.ToString()).ToList(), Count: word.Value)).ToList();
        var merges = new List<string>();
        var known = new HashSet<string>();
        while (merges.Count < count)
        {
            var pairs = new Dictionary<(string, string), long>();
            foreach (var (symbols, times) in words)
            {
                for (int i = 0; i + 1 < symbols.Count; i++)
                {
                    if (!char.IsAsciiDigit(symbols[i][^1]) && !char.IsAsciiDigit(symbols[i + 1][0]))
                    {
                        pairs[(symbols[i], symbols[i + 1])] = pairs.GetValueOrDefault((symbols[i], symbols[i + 1])) + times;
                    }
                }
            }

            // Equal counts go to the smaller text, so that the vocabulary does not depend on dictionary order.
            var (left, right) = pairs.OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key.Item1 + pair.Key.Item2, StringComparer.Ordinal).ThenBy(pair => pair.Key.Item1.Length)
                    .First().Key;
            foreach (var (symbols, _) in words)
            {
                Merge(symbols, left, right);
            }

            if (known.Add(left + right))
            {
                merges.Add(left + right);
            }
        }

        return merges;
    }

    private static void Merge(List<string> symbols, string left, string right)
    {
        for (int i = 0; i + 1 < symbols.Count; i++)
        {
            if (symbols[i] == left && symbols[i + 1] == right)
            {
                symbols[i] = left + right;
                symbols.RemoveAt(i + 1);
            }
        }
    }
}
