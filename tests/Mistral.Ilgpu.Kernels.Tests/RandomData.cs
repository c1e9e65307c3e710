using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Random inputs whose seed is printed when a test fails.</summary>
public sealed class RandomData
{
    private readonly Random _random;

    public RandomData(int? seed = null)
    {
        Seed = seed ?? Random.Shared.Next();
        _random = new Random(Seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
    }

    public int Seed { get; }

    public int Next(int low, int high) => _random.Next(low, high);

    public float[] Floats(long count, float scale = 1) =>
        [.. Enumerable.Range(0, (int)count).Select(_ => ((2 * _random.NextSingle()) - 1) * scale)];

    /// <summary>Rows of random columns, padded with zeros as matrix products expect.</summary>
    public float[] PaddedRows(int rows, int columns)
    {
        int stride = Padding.Pad(columns);
        var values = new float[rows * stride];
        for (int row = 0; row < rows; row++)
        {
            Floats(columns).CopyTo(values, row * stride);
        }

        return values;
    }
}
