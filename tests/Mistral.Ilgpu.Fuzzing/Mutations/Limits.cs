namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Numbers at which lengths, counts and offsets go wrong.</summary>
internal static class Limits
{
    private static readonly ulong[] Words =
    [
        0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 1 << 20, 1 << 22, 1 << 24,
        1 << 26, 1 << 28, 1 << 30,
        int.MaxValue - 1, int.MaxValue, 1UL << 31, (1UL << 31) + 1, uint.MaxValue - 1, uint.MaxValue, 1UL << 32,
        (1UL << 32) + 1, 1UL << 40,
        1UL << 53, 1UL << 60, 1UL << 61, 1UL << 62, (1UL << 63) - 33, long.MaxValue - 7, long.MaxValue, 1UL << 63,
        (1UL << 63) + 1,
        ulong.MaxValue - 32, ulong.MaxValue - 7, ulong.MaxValue - 1, ulong.MaxValue, 0x5555555555555556, 0x2000000000000001,
    ];

    /// <param name="near">A number that matters here, such as the file's length: it and its neighbours are taken too.</param>
    public static ulong Pick(FuzzRandom random, long near) => random.OneIn(5)
        ? unchecked((ulong)(near + random.Next(5) - 2))
        : random.Pick(Words);
}
