namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>Reads what a config.json says of rotary positions, and refuses what would scale them.</summary>
internal static class HuggingFaceRope
{
    // What transformers takes where the field is absent.
    private const double DefaultTheta = 10000;

    /// <summary>Reads rope_theta, or rope_parameters, which newer transformers write in its place.</summary>
    public static double Theta(JsonFields fields)
    {
        double? theta = fields.PositiveNumber("rope_theta");
        foreach (var rope in new[] { fields.Object("rope_parameters"), fields.Object("rope_scaling") }.OfType<JsonFields>())
        {
            RequireUnscaled(rope);
            double? inner = rope.PositiveNumber("rope_theta");
            if (inner is not null && theta is not null && inner != theta)
            {
                throw rope.Error("rope_theta", rope.Find("rope_theta")!.Value, $"{theta} as before");
            }

            theta ??= inner;
        }

        return theta ?? DefaultTheta;
    }

    /// <summary>Sees to it that a factor is 1 where the file has it.</summary>
    public static void RequireNeutral(JsonFields fields, string factor)
    {
        if (fields.Find(factor) is { } value && fields.PositiveNumber(factor) != 1)
        {
            throw fields.Error(factor, value, "null or 1");
        }
    }

    private static void RequireUnscaled(JsonFields rope)
    {
        foreach (string name in new[] { "rope_type", "type" })
        {
            // Positions divided by 1 are themselves.
            if (rope.Text(name) is { } type && type != "default" && !(type == "linear" && rope.PositiveNumber("factor") == 1))
            {
                throw rope.Error(name, type, "default, or linear with a factor of 1; scaled rotary positions are not supported");
            }
        }

        RequireNeutral(rope, "factor");
        RequireNeutral(rope, "partial_rotary_factor");
        foreach (var (name, value) in rope.All)
        {
            if (name is not ("rope_type" or "type" or "rope_theta" or "factor" or "partial_rotary_factor"))
            {
                throw rope.Error(name, value, "only rope_type and rope_theta");
            }
        }
    }
}
