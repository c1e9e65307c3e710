using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>The numbers that an input is made from: the same for the same seed on every machine.</summary>
internal sealed class FuzzRandom(ulong seed)
{
    private readonly SplitMix64 _numbers = new(seed);
    private ulong _index;

    public ulong Word() => _numbers[_index++];

    /// <summary>A number from 0 up to <paramref name="bound"/>, which is at least 1.</summary>
    public int Next(int bound) => (int)(Word() % (ulong)bound);

    public bool OneIn(int count) => Next(count) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>Mostly one or two, seldom many.</summary>
    public int Few()
    {
        int count = 1;
        while (count < 16 && OneIn(2))
        {
            count++;
        }

        return count;
    }
}
