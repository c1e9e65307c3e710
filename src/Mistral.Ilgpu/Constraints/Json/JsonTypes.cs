namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Types of JSON values.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    False = 2,
    True = 4,
    Number = 8,
    String = 16,
    Object = 32,
    Array = 64,
    Boolean = False | True,
    Scalar = Null | Boolean | Number | String,
    All = Scalar | Object | Array,
}
