using System.Collections;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>A caller's list that does something when it is read: throws, or waits.</summary>
internal sealed class CallersList<T>(params T[] items) : IReadOnlyList<T>
{
    public Action OnRead { get; set; } = () => { };

    public int Count
    {
        get
        {
            OnRead();
            return items.Length;
        }
    }

    public T this[int index] => items[index];

    public IEnumerator<T> GetEnumerator()
    {
        OnRead();
        return ((IEnumerable<T>)items).GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
