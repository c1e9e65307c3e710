namespace Mistral.Ilgpu.Constraints;

/// <summary>Keeps the constraints that were used last, because requests often repeat a schema. For any thread.</summary>
/// <param name="capacity">How many are kept.</param>
internal sealed class ConstraintCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ConstraintSource, LinkedListNode<(ConstraintSource Source, Constraint Constraint)>> _all = [];
    private readonly LinkedList<(ConstraintSource Source, Constraint Constraint)> _order = new();

    /// <exception cref="ConstraintSyntaxException">It is wrong, or has something unsupported.</exception>
    public Constraint Get(ConstraintSource source)
    {
        lock (_lock)
        {
            if (_all.TryGetValue(source, out var known))
            {
                _order.Remove(known);
                _order.AddFirst(known);
                return known.Value.Constraint;
            }
        }

        // Without the lock, because it may take long.
        var constraint = new Constraint(source);
        lock (_lock)
        {
            if (_all.TryGetValue(source, out var other))
            {
                return other.Value.Constraint;
            }

            _all[source] = _order.AddFirst((source, constraint));
            if (_order.Count > capacity)
            {
                _all.Remove(_order.Last!.Value.Source);
                _order.RemoveLast();
            }
        }

        return constraint;
    }
}
