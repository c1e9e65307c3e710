using Xunit.Sdk;

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>Runs a check on random values; a failure names the seed that <see cref="Run"/> repeats it with.</summary>
internal static class Seeded
{
    public static void Run(int times, Action<Random> check, int? seed = null)
    {
        var first = seed ?? Random.Shared.Next();
        for (var i = 0; i < (seed is null ? times : 1); i++)
        {
            var current = unchecked(first + i);
            try
            {
                check(new Random(current));
            }
            catch (Exception exception) when (exception is not SkipException)
            {
                throw new InvalidOperationException($"seed {current}: {exception.Message}", exception);
            }
        }
    }

    /// <summary>Text of every kind that is troublesome: spaces, line ends, controls, accents, Han, emoji, rare planes.</summary>
    public static string Text(this Random random, int longest)
    {
        var text = new System.Text.StringBuilder();
        for (var count = random.Next(longest + 1); count > 0; count--)
        {
            var rune = random.Next(8) switch
            {
                0 => ' ',
                1 => random.Next(0x20),
                2 => random.Next(0x80, 0x800),
                3 => random.Next(0x4E00, 0xA000),
                4 => random.Next(0x1F300, 0x1FB00),
                5 => random.Next(0x10000, 0x110000),
                _ => random.Next('a', 'f'),
            };
            text.Append(char.ConvertFromUtf32(rune));
        }

        return text.ToString();
    }
}
