namespace Mistral.Ilgpu.Generation;

internal readonly record struct Candidate(int Id, float Logit)
{
    /// <summary>The total order of candidates: higher logit first, then lower id.</summary>
    public bool Precedes(Candidate other) => Logit > other.Logit || (Logit == other.Logit && Id < other.Id);
}

/// <summary>
/// Candidates that can be sorted from the front only as far as needed. The unsorted rest is a binary heap at the front of
/// the array, and the sorted ones lie at its end, best last, as in heapsort.
/// </summary>
internal sealed class CandidateHeap(int capacity)
{
    private readonly Candidate[] _items = new Candidate[capacity];
    private int _sorted;
    private bool _isHeap;

    public int Count { get; private set; }

    /// <summary>Before <see cref="Heapify"/> in the order added; after it the i-th best, of those sorted.</summary>
    public Candidate this[int index] => _items[_isHeap ? Count - 1 - index : index];

    public void Clear() => (Count, _sorted, _isHeap) = (0, 0, false);

    public void Add(int id, float logit) => _items[Count++] = new Candidate(id, logit);

    public void Heapify()
    {
        _isHeap = true;
        for (int node = (Count / 2) - 1; node >= 0; node--)
        {
            SiftDown(node, Count);
        }
    }

    /// <summary>Makes sure that the best <paramref name="count"/> are sorted.</summary>
    public void Sort(int count)
    {
        while (_sorted < count)
        {
            int last = Count - 1 - _sorted++;
            (_items[0], _items[last]) = (_items[last], _items[0]);
            SiftDown(0, last);
        }
    }

    private void SiftDown(int node, int count)
    {
        var item = _items[node];
        while ((2 * node) + 1 is var child && child < count)
        {
            if (child + 1 < count && _items[child + 1].Precedes(_items[child]))
            {
                child++;
            }

            if (!_items[child].Precedes(item))
            {
                break;
            }

            _items[node] = _items[child];
            node = child;
        }

        _items[node] = item;
    }
}
