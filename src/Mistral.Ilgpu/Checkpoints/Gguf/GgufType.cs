namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>The types of metadata values, with their numbers in the file.</summary>
internal enum GgufType
{
    UInt8,
    Int8,
    UInt16,
    Int16,
    UInt32,
    Int32,
    Float32,
    Bool,
    Text,
    Array,
    UInt64,
    Int64,
    Float64,
}
