using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Multiplying instead of dividing gives the same whole numbers.</summary>
public sealed class DivisorTests
{
    [Fact]
    public void Division_OfAnyNumber_IsTheProcessors()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        int[] divisors =
        [
            .. Enumerable.Range(1, 300), .. Enumerable.Range(0, 31).Select(bit => 1 << bit), .. Enumerable.Range(2, 29).SelectMany(bit => new[] { (1 << bit) - 1, (1 << bit) + 1 }),
            int.MaxValue, int.MaxValue - 1, .. Enumerable.Range(0, 300).Select(_ => random.Next(1, int.MaxValue) >> random.Next(30)).Select(value => Math.Max(1, value)),
        ];
        foreach (int value in divisors)
        {
            var divisor = new Divisor(value);
            int most = int.MaxValue / value * value;
            foreach (int number in (int[])[0, 1, value - 1, value, most - 1, most, int.MaxValue, .. Enumerable.Range(0, 30).Select(_ => random.Next() >> random.Next(31))])
            {
                Assert.Equal((number / value, number % value), (number / divisor, number % divisor));
            }
        }
    }

    [Fact]
    public void Divisor_BelowOne_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new Divisor(0));
}
