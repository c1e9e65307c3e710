namespace Mistral.Ilgpu.Model;

/// <summary>
/// Sorts keys from the smallest, only as far as needed. The unsorted keys are a binary heap at the front of the array. The
/// sorted keys are at its end, smallest last, as in heapsort.
/// </summary>
internal sealed class KeyHeap(int capacity)
{
    private readonly ulong[] _keys = new ulong[capacity];
    private int _count;
    private int _sorted;

    /// <summary>The i-th smallest key, which must be sorted.</summary>
    public ulong this[int index] => _keys[_count - 1 - index];

    /// <summary>Makes room for this many keys, to be written in any order.</summary>
    public Span<ulong> Fill(int count)
    {
        (_count, _sorted) = (count, 0);
        return _keys.AsSpan(0, count);
    }

    /// <summary>Builds a heap of the keys that were written.</summary>
    public void Heapify()
    {
        for (int node = (_count / 2) - 1; node >= 0; node--)
        {
            SiftDown(node, _count);
        }
    }

    /// <summary>Sorts at least the smallest <paramref name="count"/> keys.</summary>
    public void Sort(int count)
    {
        while (_sorted < count)
        {
            int last = _count - 1 - _sorted++;
            (_keys[0], _keys[last]) = (_keys[last], _keys[0]);
            SiftDown(0, last);
        }
    }

    private void SiftDown(int node, int count)
    {
        ulong key = _keys[node];
        while ((2 * node) + 1 is var child && child < count)
        {
            if (child + 1 < count && _keys[child + 1] < _keys[child])
            {
                child++;
            }

            if (key <= _keys[child])
            {
                break;
            }

            _keys[node] = _keys[child];
            node = child;
        }

        _keys[node] = key;
    }
}
