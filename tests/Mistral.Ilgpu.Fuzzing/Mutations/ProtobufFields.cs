namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Where a protobuf message, and the messages that are its fields, keep tags, lengths and values.</summary>
internal static class ProtobufFields
{
    /// <param name="most">At the start and at the end: what is between is more of the same.</param>
    public static BinaryMutator Mutator(byte[] file, int most)
    {
        var fields = new List<(int At, int Width)>();
        Walk(file, 0, file.Length, isOuter: true, fields);
        return new BinaryMutator(file, file.Length, fields.Count <= 2 * most ? fields : [.. fields[..most], .. fields[^most..]]);
    }

    private static void Walk(byte[] file, int at, int end, bool isOuter, List<(int At, int Width)> fields)
    {
        while (at < end)
        {
            int wireType = (int)Varint() & 7;
            int length = wireType switch
            {
                1 => sizeof(ulong),
                2 => (int)Varint(),
                5 => sizeof(uint),
                _ => 0,
            };
            if (wireType == 0)
            {
                Varint();
            }
            else if (wireType == 2 && isOuter)
            {
                Walk(file, at, at + length, isOuter: false, fields);
            }
            else if (wireType != 2)
            {
                fields.Add((at, length));
            }

            at += length;
        }

        ulong Varint()
        {
            fields.Add((at, 1));
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte part = file[at++];
                value |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
