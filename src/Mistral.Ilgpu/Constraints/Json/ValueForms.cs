using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The forms that a value may have. Each can be completed.</summary>
/// <param name="Words">Which of null, false and true.</param>
/// <param name="String">What strings; null for none.</param>
/// <param name="Numbers">What numbers, in any of these ranges.</param>
/// <param name="Objects">What objects, of any of these shapes.</param>
/// <param name="Arrays">What arrays, of any of these shapes.</param>
internal sealed record ValueForms(
    JsonTypes Words, JsonStringLexeme? String, IReadOnlyList<JsonNumberLexeme> Numbers,
    IReadOnlyList<ObjectShape> Objects, IReadOnlyList<ArrayShape> Arrays)
{
    public static ValueForms None { get; } = new(JsonTypes.None, null, [], [], []);

    public bool IsEmpty =>
        Words == JsonTypes.None && String is null && Numbers.Count == 0 && Objects.Count == 0 && Arrays.Count == 0;

    /// <summary>Adds the branches that a value's first byte leads to.</summary>
    public void Enter(byte value, Branch? parent, StepResult result)
    {
        switch (value)
        {
            case (byte)'"' when String is not null:
                LexemeItem.Enter(String, String.Start, parent, result);
                break;
            case (byte)'{':
                foreach (var shape in Objects)
                {
                    result.Add(new ObjectItem(shape, ObjectPhase.Open, NameSet.Empty, 0, 0), parent);
                }

                break;
            case (byte)'[':
                foreach (var shape in Arrays)
                {
                    result.Add(new ArrayItem(shape, ArrayPhase.Open, 0, 0), parent);
                }

                break;
            case (byte)'n' when (Words & JsonTypes.Null) != 0:
                result.Add(new WordItem("null", 1), parent);
                break;
            case (byte)'f' when (Words & JsonTypes.False) != 0:
                result.Add(new WordItem("false", 1), parent);
                break;
            case (byte)'t' when (Words & JsonTypes.True) != 0:
                result.Add(new WordItem("true", 1), parent);
                break;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                foreach (var number in Numbers)
                {
                    LexemeItem.Enter(number, number.Next(number.Start, value), parent, result);
                }

                break;
        }
    }
}
