using System.Collections;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>A caller's list that throws from some moment on.</summary>
internal sealed class ThrowingList<T>(params T[] items) : IReadOnlyList<T>
{
    public bool Throws { get; set; }

    public int Count => Throws ? throw new NotSupportedException("a list that throws") : items.Length;

    public T this[int index] => items[index];

    public IEnumerator<T> GetEnumerator() =>
        Throws ? throw new NotSupportedException("a list that throws") : ((IEnumerable<T>)items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
