using System.Text;
using Google.Protobuf;

namespace Mistral.Ilgpu.Server.Tests.Watching;

/// <summary>A span of OTLP, as far as tests ask.</summary>
internal sealed record OtlpSpan(string Name, string Trace, string Id, string Parent)
{
    // The numbers of fields in opentelemetry/proto/trace/v1/trace.proto.
    private const int InRequest = 1;
    private const int InResource = 2;
    private const int InScope = 2;

    /// <summary>The spans of a body: a request has resources, these have scopes, and these have spans.</summary>
    public static IEnumerable<OtlpSpan> Read(byte[] body) =>
        from resource in Fields(body)[InRequest]
        from scope in Fields(resource)[InResource]
        from span in Fields(scope)[InScope]
        let fields = Fields(span)
        select new OtlpSpan(
            Encoding.UTF8.GetString(fields[5].Single()), Hex(fields[1]), Hex(fields[2]), Hex(fields[4]));

    private static string Hex(IEnumerable<byte[]> field) => Convert.ToHexStringLower(field.SingleOrDefault() ?? []);

    private static ILookup<int, byte[]> Fields(byte[] message)
    {
        using var input = new CodedInputStream(message);
        List<(int Field, byte[] Value)> fields = [];
        while (input.ReadTag() is var tag && tag != 0)
        {
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                fields.Add((WireFormat.GetTagFieldNumber(tag), input.ReadBytes().ToByteArray()));
            }
            else
            {
                input.SkipLastField();
            }
        }

        return fields.ToLookup(field => field.Field, field => field.Value);
    }
}
