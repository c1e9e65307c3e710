namespace Mistral.Ilgpu.Constraints;

/// <summary>Keeps the constraints that were used last, because requests often repeat a schema, and what was said of those that
/// are refused. For any thread.</summary>
/// <param name="capacity">How many are kept.</param>
/// <param name="make">Makes a constraint, or refuses its source.</param>
internal sealed class ConstraintCache(int capacity, Func<ConstraintSource, Constraint> make)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ConstraintSource, LinkedListNode<Entry>> _all = [];
    private readonly LinkedList<Entry> _order = new();

    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    public Constraint Get(ConstraintSource source)
    {
        lock (_lock)
        {
            if (_all.TryGetValue(source, out var known))
            {
                _order.Remove(known);
                _order.AddFirst(known);
                return known.Value.Get();
            }
        }

        // Without the lock, because it may take long.
        var made = Make(source);
        lock (_lock)
        {
            if (_all.TryGetValue(source, out var other))
            {
                return other.Value.Get();
            }

            _all[source] = _order.AddFirst(made);
            if (_order.Count > capacity)
            {
                _all.Remove(_order.Last!.Value.Source);
                _order.RemoveLast();
            }
        }

        return made.Get();
    }

    private Entry Make(ConstraintSource source)
    {
        try
        {
            return new Entry(source, make(source), null);
        }
        catch (ConstraintSyntaxException exception)
        {
            return new Entry(source, null, exception.Message);
        }
    }

    /// <param name="Constraint">Null where it is refused.</param>
    /// <param name="Refusal">Why it is refused.</param>
    private sealed record Entry(ConstraintSource Source, Constraint? Constraint, string? Refusal)
    {
        public Constraint Get() => Constraint ?? throw new ConstraintSyntaxException(Refusal!);
    }
}
