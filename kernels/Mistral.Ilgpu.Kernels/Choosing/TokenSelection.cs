using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>A group's draw of a token from a row, see <see cref="ChooseGroup"/>. Every item of the group works in it.</summary>
/// <param name="Best">The highest logit.</param>
public readonly record struct TokenSelection(TokenChoice Choice, LogitRow Logits, float Best, Tally Tally, TokenList List)
{
    // What is looked for: the key that ends top-k, the one that ends top-p, or the place of the draw.
    private const int TopK = 0;
    private const int TopP = 1;
    private const int Place = 2;

    /// <summary>The token drawn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Draw()
    {
        ulong last = TokenOrder.LastKey(TokenOrder.Never);
        // Tokens that are listed, −1 where the whole row is looked at.
        int listed = -1;
        ulong found = 0;
        for (int wanted = TopK; wanted <= Place; wanted++)
        {
            if ((wanted == TopK && Choice.TopK >= Logits.Columns) || (wanted == TopP && Choice.TopP == 0))
            {
                continue;
            }

            if (wanted == Place)
            {
                last = Min(last, TokenOrder.LastKey(Choice.MostDistance));
            }

            found = 0;
            ulong left = 0;
            int known = wanted == Place ? TokenOrder.IdBits : TokenOrder.KeyBits;
            bool isFirst = true;
            while (known > 0)
            {
                int next = NextDigit(known);
                Tally.Clear();
                Count(wanted, last, listed, found, known, next);
                Tally.Sum();
                if (Group.IdxX == 0)
                {
                    Tally.Find(isFirst ? Needed(wanted, Tally.Total()) : left);
                }

                Group.Barrier();
                found = (found << (known - next)) | Tally.FoundBin;
                left = Tally.FoundLeft;
                known = next;
                ulong sum = Tally.FoundSum;
                if (isFirst && wanted != Place && listed < 0)
                {
                    last = Min(last, LastWith(found, known));
                    listed = List.Gather(Logits, Best, last);
                }

                isFirst = false;
                // All that begin so are kept: counted, it shows; weighed, once they are equals and the last of them is needed.
                if ((wanted == TopK && left == sum)
                    || (wanted == TopP && known == TokenOrder.IdBits && left + Weight(wanted, (uint)found) > sum))
                {
                    break;
                }
            }

            last = wanted == Place ? last : Min(last, LastWith(found, known));
        }

        return TokenOrder.IdAt((uint)found);
    }

    // The lowest bit of the digit whose highest is below that of the known ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int NextDigit(int known)
    {
        int next = known - Tally.BinBits;
        // No digit has bits of both the distance and the id.
        next = known > TokenOrder.IdBits && next < TokenOrder.IdBits ? TokenOrder.IdBits : next;
        return next < 0 ? 0 : next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(int wanted, ulong last, int listed, ulong found, int known, int next)
    {
        if (listed >= 0)
        {
            for (int i = Group.IdxX; i < listed; i += Group.DimX)
            {
                Count(List.Keys[i], wanted, last, found, known, next);
            }

            return;
        }

        for (int pack = Group.IdxX; pack < Logits.Packs; pack += Group.DimX)
        {
            var values = Logits.Load(pack);
            Count(TokenOrder.Key(values.A, 4 * pack, Best), wanted, last, found, known, next);
            Count(TokenOrder.Key(values.B, (4 * pack) + 1, Best), wanted, last, found, known, next);
            Count(TokenOrder.Key(values.C, (4 * pack) + 2, Best), wanted, last, found, known, next);
            Count(TokenOrder.Key(values.D, (4 * pack) + 3, Best), wanted, last, found, known, next);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Count(ulong key, int wanted, ulong last, ulong found, int known, int next)
    {
        ulong at = wanted == Place ? TokenOrder.Place(TokenOrder.IdOf(key)) : key;
        if (key <= last && at >> known == found)
        {
            Tally.Add((uint)(at >> next) & ((1u << (known - next)) - 1), Weight(wanted, TokenOrder.DistanceOf(key)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Weight(int wanted, uint distance) =>
        wanted == TopK ? 1 : TokenWeight.Of(distance, wanted == TopP ? TokenWeight.One : Choice.Scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Needed(int wanted, ulong total) =>
        wanted == TopK ? (ulong)Choice.TopK
            : wanted == TopP ? TokenWeight.Reach(Choice.TopP, total)
            : TokenWeight.HighProduct(Choice.Random, total) + 1;

    // The last key that begins with the known bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong LastWith(ulong found, int known) => ((found + 1) << known) - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Min(ulong a, ulong b) => a < b ? a : b;
}
