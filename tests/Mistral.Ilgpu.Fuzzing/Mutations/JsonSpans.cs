using System.Text.Json;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Where in a JSON text its values, its members and the texts in it are.</summary>
/// <param name="Values">Values of any kind, from their first byte to behind their last.</param>
/// <param name="Members">Members of objects, name and value, without commas.</param>
/// <param name="Texts">Names and values between quotes, the quotes aside.</param>
internal sealed record JsonSpans(IReadOnlyList<Range> Values, IReadOnlyList<Range> Members, IReadOnlyList<Range> Texts)
{
    public static JsonSpans Of(ReadOnlySpan<byte> json)
    {
        List<Range> values = [], members = [], texts = [];
        var open = new Stack<(int Start, int Name)>();
        int name = -1;
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            int start = (int)reader.TokenStartIndex;
            int end = (int)reader.BytesConsumed;
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = start;
                    texts.Add((start + 1)..(start + 1 + reader.ValueSpan.Length));
                    continue;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push((start, name));
                    name = -1;
                    continue;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    (start, name) = open.Pop();
                    break;
                case JsonTokenType.String:
                    texts.Add((start + 1)..(end - 1));
                    break;
            }

            values.Add(start..end);
            if (name >= 0)
            {
                members.Add(name..end);
                name = -1;
            }
        }

        return new JsonSpans(values, members, texts);
    }
}
