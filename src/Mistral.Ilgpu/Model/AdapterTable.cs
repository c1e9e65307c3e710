namespace Mistral.Ilgpu.Model;

/// <summary>
/// The adapters of a model by name, and how many texts use each. An adapter that is unloaded keeps its bit until no text uses it.
/// For any thread.
/// </summary>
internal sealed class AdapterTable
{
    /// <summary>The bits of a mask.</summary>
    public const int Most = 64;

    private readonly Lock _lock = new();
    private readonly Entry?[] _entries = new Entry?[Most];

    // The key of each mask that was asked for. A key is never given twice.
    private readonly Dictionary<ulong, ulong> _keys = [];
    private ulong _lastKey;
    private volatile Entry[] _named = [];

    /// <param name="names">The adapters that a model is loaded with, which texts have if they name none.</param>
    /// <exception cref="ArgumentException">There are more than a mask has bits.</exception>
    public AdapterTable(IReadOnlyList<string> names)
    {
        if (names.Count > Most)
        {
            throw new ArgumentException($"found {names.Count} adapters, expected at most {Most}", nameof(names));
        }

        for (int index = 0; index < names.Count; index++)
        {
            _entries[index] = new Entry(names[index], index, isInitial: true);
        }

        _named = [.. _entries.OfType<Entry>()];
        Initial = MaskOf(_named);
    }

    /// <summary>The adapters that texts may name, in the order in which they were loaded.</summary>
    public IReadOnlyList<string> Names => [.. _named.Select(entry => entry.Name)];

    /// <summary>The mask of the adapters that the model was loaded with.</summary>
    public ulong Initial { get; }

    /// <summary>Counts a text with adapters.</summary>
    /// <param name="names">Null for those that the model was loaded with.</param>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public AdapterSet Take(IReadOnlyList<string>? names)
    {
        lock (_lock)
        {
            Entry[] taken = [.. names is null ? _named.Where(entry => entry.IsInitial) : names.Select(Find).Distinct()];
            foreach (var entry in taken)
            {
                entry.Texts++;
            }

            ulong mask = MaskOf(taken);
            return new AdapterSet(this, mask, KeyOf(mask));
        }
    }

    /// <summary>Records that a text with these adapters has ended.</summary>
    public void Return(ulong mask)
    {
        lock (_lock)
        {
            foreach (var entry in _entries)
            {
                if (entry is not null && (mask >> entry.Index & 1) != 0)
                {
                    entry.Texts--;
                    entry.ReportUnused();
                }
            }
        }
    }

    /// <summary>Distinguishes keys and values that were computed with other adapters.</summary>
    public ulong KeyOf(ulong mask)
    {
        lock (_lock)
        {
            if (mask != 0 && !_keys.ContainsKey(mask))
            {
                _keys.Add(mask, ++_lastKey);
            }

            return _keys.GetValueOrDefault(mask);
        }
    }

    /// <summary>Reserves a bit for an adapter that is loaded, see <see cref="Publish"/>.</summary>
    /// <returns>The index of the bit.</returns>
    /// <exception cref="ArgumentException">The name is taken, or all bits are.</exception>
    public int Reserve(string name)
    {
        lock (_lock)
        {
            if (_entries.Any(entry => entry is { IsLeaving: false } && entry.Name == name))
            {
                throw new ArgumentException($"adapter '{name}': found one of that name, expected another name", nameof(name));
            }

            int index = Array.IndexOf(_entries, null);
            if (index < 0)
            {
                throw new ArgumentException($"adapter '{name}': found {Most} adapters, expected at most {Most}", nameof(name));
            }

            _entries[index] = new Entry(name, index, isInitial: false);
            return index;
        }
    }

    /// <summary>Lets texts use an adapter.</summary>
    public void Publish(int index)
    {
        lock (_lock)
        {
            _named = [.. _named, _entries[index]!];
        }
    }

    /// <summary>Keeps further texts from using an adapter.</summary>
    /// <returns>The index of its bit, and when no text uses it.</returns>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public (int Index, Task Unused) Withdraw(string name)
    {
        lock (_lock)
        {
            var entry = Find(name);
            entry.IsLeaving = true;
            _named = [.. _named.Where(other => other != entry)];
            entry.ReportUnused();
            return (entry.Index, entry.Unused);
        }
    }

    /// <summary>Frees the bit of an adapter that has no memory and no texts.</summary>
    public void Free(int index)
    {
        lock (_lock)
        {
            _entries[index] = null;
            foreach (ulong mask in _keys.Keys.Where(mask => (mask >> index & 1) != 0).ToList())
            {
                _keys.Remove(mask);
            }
        }
    }

    private static ulong MaskOf(IEnumerable<Entry> entries) =>
        entries.Aggregate(0UL, (mask, entry) => mask | (1UL << entry.Index));

    private Entry Find(string name) => Array.Find(_named, entry => entry.Name == name)
        ?? throw new ArgumentException(
            $"adapter '{name}', expected {(_named.Length == 0 ? "none" : string.Join(", ", Names))}", nameof(name));

    private sealed class Entry(string name, int index, bool isInitial)
    {
        private readonly TaskCompletionSource _unused = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public int Index => index;

        public bool IsInitial => isInitial;

        public int Texts { get; set; }

        public bool IsLeaving { get; set; }

        public Task Unused => _unused.Task;

        public void ReportUnused()
        {
            if (IsLeaving && Texts == 0)
            {
                _unused.TrySetResult();
            }
        }
    }
}
