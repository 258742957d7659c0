"""huijia (回家): emergency alert broadcast for missing children. ARCHITECTURE.md says what lives where."""
