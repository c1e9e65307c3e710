using ILGPU;
using ILGPU.Runtime;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Finds keys and values that overflow a cache in f16. They are stored as infinities, which change the attention without an
/// error. The cache is read back after a text has ended, so that the kernels that store keys and values need no check.
/// </summary>
internal sealed partial class RotatingKvCache
{
    private const int BytesAtOnce = 1 << 20;

    /// <summary>Whether any key or value of a text is not finite. Copies all of them to the host.</summary>
    internal bool HasOverflow(Sequence sequence)
    {
        if (Shape.Format != TensorFormat.Float16)
        {
            return false;
        }

        for (int i = 0; i < _rings.Count; i++)
        {
            foreach (var (first, count) in Runs(sequence.Pages[i]))
            {
                if (_pools[i].Exists(pool => pool.HasOverflow(first, count, BytesAtOnce)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Combines adjacent pages.</summary>
    private static IEnumerable<(int First, int Count)> Runs(int[] pages)
    {
        int[] held = [.. pages.Where(page => page >= 0).Order()];
        for (int start = 0; start < held.Length;)
        {
            int end = start + 1;
            while (end < held.Length && held[end] == held[end - 1] + 1)
            {
                end++;
            }

            yield return (held[start], end - start);
            start = end;
        }
    }
}
