using Mistral.Ilgpu.Fuzzing.Readers;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>Every reader that takes files, and forms of texts, from people.</summary>
internal static class Targets
{
    public static IReadOnlyList<FuzzTarget> All() =>
        [.. CheckpointReaders.All(), .. TokenizerReaders.All(), .. AdapterReaders.All(), .. CommandReaders.All(), .. ConstraintReaders.All()];
}
