using Mistral.Ilgpu.Fuzzing.Readers;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>Every reader that takes files, forms of texts or requests from people.</summary>
internal static class Targets
{
    public static IReadOnlyList<FuzzTarget> All() =>
    [
        .. CheckpointReaders.All(), .. TokenizerReaders.All(), .. AdapterReaders.All(), .. CommandReaders.All(),
        .. ConstraintReaders.All(), .. RequestReaders.All(),
    ];
}
