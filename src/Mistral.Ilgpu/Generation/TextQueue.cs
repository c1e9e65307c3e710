namespace Mistral.Ilgpu.Generation;

/// <summary>The texts that wait for a place, by priority and then in the order of their submission. For any thread.</summary>
/// <param name="maxWaiting">Texts that may wait at once.</param>
internal sealed class TextQueue(int maxWaiting)
{
    private readonly Lock _lock = new();
    private readonly List<TextGeneration> _texts = [];
    private bool _isClosed;
    private int _deadlines;
    private long _arrivals;
    private bool _hasChanged;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _texts.Count;
            }
        }
    }

    public bool IsFull => Count >= maxWaiting;

    /// <summary>Adds a text.</summary>
    /// <returns>Whether the queue is still open.</returns>
    /// <exception cref="QueueFullException">As many texts wait as may.</exception>
    public bool Add(TextGeneration text)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            if (_texts.Count >= maxWaiting)
            {
                throw new QueueFullException(maxWaiting);
            }

            int at = _texts.Count;
            while (at > 0 && _texts[at - 1].Request.Priority < text.Request.Priority)
            {
                at--;
            }

            text.Arrival = _arrivals++;
            _texts.Insert(at, text);
            _deadlines += text.Request.Deadline is null ? 0 : 1;
            _hasChanged = true;
            return true;
        }
    }

    /// <summary>Takes out a text that is not to begin. Those behind it may be able to.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Withdraw(TextGeneration text)
    {
        lock (_lock)
        {
            bool isThere = Take(text);
            _hasChanged |= isThere;
            return isThere;
        }
    }

    /// <summary>Takes out a text that begins.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Take(TextGeneration text)
    {
        lock (_lock)
        {
            bool isThere = _texts.Remove(text);
            _deadlines -= isThere && text.Request.Deadline is not null ? 1 : 0;
            return isThere;
        }
    }

    /// <summary>Takes out the texts whose deadline has passed.</summary>
    public IReadOnlyList<TextGeneration> TakeOverdue()
    {
        lock (_lock)
        {
            if (_deadlines == 0)
            {
                return [];
            }

            TextGeneration[] overdue = [.. _texts.Where(text => text.IsOverdue)];
            _texts.RemoveAll(overdue.Contains);
            _deadlines -= overdue.Length;
            _hasChanged |= overdue.Length > 0;
            return overdue;
        }
    }

    /// <summary>Whether texts came or were withdrawn since this was asked last.</summary>
    public bool HasChanged()
    {
        lock (_lock)
        {
            bool hasChanged = _hasChanged;
            _hasChanged = false;
            return hasChanged;
        }
    }

    /// <summary>The texts that wait now, in their order.</summary>
    public TextGeneration[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _texts];
        }
    }

    /// <summary>Takes no more texts.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }
}
