using ILGPU;
using ILGPU.Runtime;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Finds keys and values that were too large for a cache in f16. They are infinities there, which change what a text attends to
/// without making it fail. The kernels that store them stay as they are: what lies in the cache is looked at once a text has
/// ended.
/// </summary>
internal sealed partial class RotatingKvCache
{
    private const int BytesAtOnce = 1 << 20;

    /// <summary>Whether some key or value that a text holds is not finite; copies all of them to the host.</summary>
    internal bool HasOverflow(Sequence sequence)
    {
        if (Shape.Format != TensorFormat.Float16)
        {
            return false;
        }

        for (int i = 0; i < _pools.Count; i++)
        {
            foreach (var (first, count) in Runs(sequence.Pages[i]))
            {
                if (_pools[i].HasOverflow(first, count, BytesAtOnce))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Neighbouring pages together.</summary>
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
